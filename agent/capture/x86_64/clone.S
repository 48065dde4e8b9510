/* long qmon__clone(unsigned long flags, void *stack_top, int (*function)(void *), void *argument) */
    .text
    .globl qmon__clone_thread
    .hidden qmon__clone_thread
    .type qmon__clone_thread, @function
qmon__clone_thread: /* ... , int *thread_id in %r8) */
    .cfi_startproc
    endbr64
    movq %r8, %r9
    jmp .Lclone
    .cfi_endproc
    .size qmon__clone_thread, . - qmon__clone_thread

    .globl qmon__clone
    .hidden qmon__clone
    .type qmon__clone, @function
qmon__clone:
    .cfi_startproc
    endbr64
    xorl %r9d, %r9d
.Lclone:
    andq $-16, %rsi
    subq $16, %rsi
    movq %rcx, 8(%rsi)
    movq %rdx, (%rsi)
    movq %r9, %rdx  /* parent_tid */
    movq %r9, %r10  /* child_tid */
    xorl %r8d, %r8d
    movl $56, %eax /* SYS_clone */
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  .cfi_undefined %rip
    xorl %ebp, %ebp
    popq %rax
    popq %rdi
    call *%rax
    movl %eax, %edi
    movl $60, %eax /* SYS_exit */
    syscall
    hlt
    .cfi_endproc
    .size qmon__clone, . - qmon__clone
    .section .note.GNU-stack, "", @progbits
