/*
 * dlopen: says so in the record, then jumps to the real one. Jumps, because dlopen looks at who called it: the paths that
 * the library of its caller asks for (RUNPATH) are searched, and they are not ours.
 */
    .text
    .globl dlopen
    .type dlopen, %function
#if defined(__x86_64__)
dlopen:
    .cfi_startproc
    endbr64
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call qmon__load_next
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    testq %rax, %rax
    jz 1f
    jmp *%rax
1:  ret
    .cfi_endproc
#elif defined(__aarch64__)
dlopen:
    .cfi_startproc
    hint #34 /* bti c */
    stp x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    stp x0, x1, [sp, #16]
    bl qmon__load_next
    mov x16, x0
    ldp x0, x1, [sp, #16]
    ldp x29, x30, [sp], #32
    .cfi_restore x29
    .cfi_restore x30
    .cfi_def_cfa_offset 0
    cbz x16, 1f
    br x16
1:  mov x0, #0
    ret
    .cfi_endproc
#endif
    .size dlopen, . - dlopen
    .section .note.GNU-stack, "", %progbits
