/*
 * vfork: says that a process will run in this one's memory, then jumps to the real one. Jumps, because what returns twice must return to
 * the program both times: a frame of ours would be the child's to overwrite.
 */
    .text
    .globl vfork
    .type vfork, %function
#if defined(__x86_64__)
vfork:
    .cfi_startproc
    endbr64
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call qmon__vfork_next
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    jmp *%rax
    .cfi_endproc
#elif defined(__aarch64__)
vfork:
    .cfi_startproc
    hint #34 /* bti c */
    stp x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    bl qmon__vfork_next
    mov x16, x0
    ldp x29, x30, [sp], #16
    .cfi_restore x29
    .cfi_restore x30
    .cfi_def_cfa_offset 0
    br x16
    .cfi_endproc
#endif
    .size vfork, . - vfork
    .section .note.GNU-stack, "", %progbits
