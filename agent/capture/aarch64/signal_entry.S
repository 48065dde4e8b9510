/* qmon__signal_entry: see x86_64/signal_entry.S. At entry sp is the frame (siginfo first), x29 points to the frame record
 * that ends it, x30 is the return to rt_sigreturn. */
    .text
    .globl qmon__signal_entry
    .hidden qmon__signal_entry
    .type qmon__signal_entry, %function
qmon__signal_entry:
    .cfi_startproc
    sub sp, sp, #48
    .cfi_adjust_cfa_offset 48
    stp x0, x1, [sp]
    stp x2, x29, [sp, #16]
    str x30, [sp, #32]
    .cfi_rel_offset x29, 24
    .cfi_rel_offset x30, 32
    add x3, sp, #48
    adr x9, 6f
    ldr x10, [x2, #440] /* the interrupted pc */
    cmp x9, x10
    b.eq qmon__signal_begun
    adrp x9, :gottprel:qmon__thread
    ldr x9, [x9, :gottprel_lo12:qmon__thread]
    mrs x10, tpidr_el0
    add x9, x9, x10
6:  ldr w10, [x9]
    add w10, w10, #1
    str w10, [x9]
    .globl qmon__signal_begun
    .hidden qmon__signal_begun
qmon__signal_begun:
    bl qmon__on_signal
    mov x9, x0
    mov x10, x1
    ldp x0, x1, [sp]
    ldp x2, x29, [sp, #16]
    ldr x30, [sp, #32]
    add sp, sp, #48
    .cfi_adjust_cfa_offset -48
    cbz x9, 1f
    and x12, x10, #3 /* with one of these bits the handler is called, and not jumped to */
    and x10, x10, #-4
    cbz x10, 2f
    mov x11, sp
    sub x11, x10, x11
    add x1, x1, x11
    add x2, x2, x11
    add x29, x29, x11
    mov sp, x10
2:  cbnz x12, 3f
    br x9
3:  stp x29, x30, [sp, #-32]!
    .cfi_adjust_cfa_offset 32
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    orr x12, x12, x2
    stp x12, x1, [sp, #16]
    mov x29, sp
    blr x9
    ldp x0, x1, [sp, #16]
    bl qmon__handler_returned
    ldp x29, x30, [sp], #32
    .cfi_adjust_cfa_offset -32
1:  ret
    .cfi_endproc
    .size qmon__signal_entry, . - qmon__signal_entry

    nop
    .globl qmon__restore_rt
    .hidden qmon__restore_rt
    .type qmon__restore_rt, %function
qmon__restore_rt:
    mov x8, #139 /* SYS_rt_sigreturn */
    svc #0
    .size qmon__restore_rt, . - qmon__restore_rt

/* void qmon__call_on_stack(void (*function)(void *), void *argument, void *stack_top) */
    .globl qmon__call_on_stack
    .hidden qmon__call_on_stack
    .type qmon__call_on_stack, %function
qmon__call_on_stack:
    .cfi_startproc
    stp x29, x30, [sp, #-16]!
    .cfi_adjust_cfa_offset 16
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    mov x29, sp
    .cfi_def_cfa_register x29
    and x2, x2, #-16
    mov sp, x2
    mov x9, x0
    mov x0, x1
    blr x9
    mov sp, x29
    ldp x29, x30, [sp], #16
    .cfi_def_cfa sp, 0
    ret
    .cfi_endproc
    .size qmon__call_on_stack, . - qmon__call_on_stack
    .section .note.GNU-stack, "", %progbits
