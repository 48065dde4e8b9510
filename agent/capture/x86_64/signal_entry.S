/*
 * qmon__signal_entry: what the kernel calls for the signals that we stand in for.
 *
 * Asks qmon__on_signal what to do. No handler: returns, that is to the kernel. A handler of the program's: jumps to it with
 * the stack as the kernel left it, or on a copy of the signal frame elsewhere, so that nothing of ours lies between the
 * handler and the interrupted code, and its return goes straight to rt_sigreturn.
 *
 * Counts itself in qmon__thread.answering, the first member, before anything else can come between (dispatch.c), and leaves that to
 * qmon__on_signal where it has been interrupted by the fault of that very instruction: in a thread without thread-local data.
 */
    .text
    .globl qmon__signal_entry
    .hidden qmon__signal_entry
    .type qmon__signal_entry, @function
qmon__signal_entry:
    .cfi_startproc
    endbr64
    pushfq
    .cfi_adjust_cfa_offset 8
    subq $32, %rsp
    .cfi_adjust_cfa_offset 32
    movq %rdi, (%rsp)
    movq %rsi, 8(%rsp)
    movq %rdx, 16(%rsp)
    leaq 40(%rsp), %rcx /* the frame: its first word is the return address */
    testl $0x40000, 32(%rsp) /* AC: the kernel leaves it as the program had it, and our code is not aligned for it */
    jz 3f
    pushq 32(%rsp)
    andl $~0x40000, (%rsp)
    popfq
3:  movq %rbx, 24(%rsp)
    .cfi_rel_offset %rbx, 24
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    andq $-16, %rsp /* as it is already, but with some emulators of user space */
    leaq 6f(%rip), %rax
    cmpq %rax, 168(%rdx) /* the interrupted rip */
    je qmon__signal_begun
    movq qmon__thread@gottpoff(%rip), %rax
6:  incl %fs:(%rax)
    .globl qmon__signal_begun
    .hidden qmon__signal_begun
qmon__signal_begun:
    call qmon__on_signal
    movq %rbx, %rsp
    .cfi_def_cfa_register %rsp
    movq 24(%rsp), %rbx
    .cfi_restore %rbx
    movl (%rsp), %edi
    movq 8(%rsp), %rsi
    movq 16(%rsp), %rcx
    addq $32, %rsp
    .cfi_adjust_cfa_offset -32
    testl $0x40000, (%rsp)
    jz 4f
    popfq /* the program's handler gets the flag as it was */
    subq $8, %rsp
4:  addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    testq %rax, %rax
    jz 1f
    movq %rdx, %r9
    andl $3, %r9d /* with one of these bits the handler is called, and not jumped to */
    andq $-4, %rdx
    jz 2f
    movq %rdx, %r8 /* by how much siginfo and context moved with the frame */
    subq %rsp, %r8
    addq %r8, %rsi
    addq %r8, %rcx
    movq %rdx, %rsp
2:  movq %rcx, %rdx
    testl %r9d, %r9d
    jnz 5f
    jmp *%rax
5:  subq $24, %rsp
    .cfi_adjust_cfa_offset 24
    orq %r9, %rcx
    movq %rcx, 16(%rsp)
    movq %rsi, 8(%rsp)
    call *%rax
    movq 16(%rsp), %rdi
    movq 8(%rsp), %rsi
    call qmon__handler_returned
    addq $24, %rsp
    .cfi_adjust_cfa_offset -24
1:  ret
    .cfi_endproc
    .size qmon__signal_entry, . - qmon__signal_entry

/*
 * Where a handler's return goes. The bytes are those of libc's own: some unwinders know a signal frame by them. Others go by the
 * table: the interrupted registers lie in the ucontext at %rsp, from offset 40 on, in the order of gregs[]. The nop
 * belongs to the table, because a return address is looked up minus one. DWARF numbers: rax 0, rdx 1, rcx 2, rbx 3, rsi 4,
 * rdi 5, rbp 6, rsp 7, r8 to r15 8 to 15, return address 16.
 */
    .macro saved number, offset
    .if \offset < 64
    .cfi_escape 0x10, \number, 2, 0x77, \offset /* DW_CFA_expression: DW_OP_breg7 offset */
    .else
    .cfi_escape 0x10, \number, 3, 0x77, (\offset & 0x7f) | 0x80, \offset >> 7
    .endif
    .endm
    .balign 16
    .cfi_startproc
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06 /* DW_CFA_def_cfa_expression: the interrupted rsp, at 160 */
    saved 8, 40
    saved 9, 48
    saved 10, 56
    saved 11, 64
    saved 12, 72
    saved 13, 80
    saved 14, 88
    saved 15, 96
    saved 5, 104
    saved 4, 112
    saved 6, 120
    saved 3, 128
    saved 1, 136
    saved 0, 144
    saved 2, 152
    saved 7, 160
    saved 16, 168
    nop
    .globl qmon__restore_rt
    .hidden qmon__restore_rt
    .type qmon__restore_rt, @function
qmon__restore_rt:
    .byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00 /* mov $15, %rax */
    .byte 0x0f, 0x05                               /* syscall */
    .cfi_endproc
    .size qmon__restore_rt, . - qmon__restore_rt

/* void qmon__call_on_stack(void (*function)(void *), void *argument, void *stack_top) */
    .globl qmon__call_on_stack
    .hidden qmon__call_on_stack
    .type qmon__call_on_stack, @function
qmon__call_on_stack:
    .cfi_startproc
    endbr64
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    andq $-16, %rdx
    movq %rdx, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size qmon__call_on_stack, . - qmon__call_on_stack
    .section .note.GNU-stack, "", @progbits
