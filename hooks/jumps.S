/*
 * Hooks that ask a function of ours where to go on, and jump there with what they were called with, as if the program had called
 * it: qmon__..._next answers with the real function, or NULL, for which the hook returns it.
 *
 * dlopen looks at who called it: the paths that the library of its caller asks for (RUNPATH) are searched, and they are not ours.
 * vfork returns to the program twice: a frame of ours would be the child's to overwrite.
 */
.macro JUMP name, next
    .globl \name
    .type \name, %function
\name:
    .cfi_startproc
#if defined(__x86_64__)
    endbr64
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call \next
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
#elif defined(__aarch64__)
    hint #34 /* bti c */
    stp x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    stp x0, x1, [sp, #16]
    bl \next
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
#endif
    .cfi_endproc
    .size \name, . - \name
.endm

    .text
    JUMP dlopen, qmon__load_next
    JUMP vfork, qmon__vfork_next
    .section .note.GNU-stack, "", %progbits
