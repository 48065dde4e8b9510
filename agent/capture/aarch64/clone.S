/* long qmon__clone(unsigned long flags, void *stack_top, int (*function)(void *), void *argument) */
    .text
    .globl qmon__clone_thread
    .hidden qmon__clone_thread
    .type qmon__clone_thread, %function
qmon__clone_thread: /* ... , int *thread_id in x4) */
    .cfi_startproc
    mov x12, x4
    b .Lclone
    .cfi_endproc
    .size qmon__clone_thread, . - qmon__clone_thread

    .globl qmon__clone
    .hidden qmon__clone
    .type qmon__clone, %function
qmon__clone:
    .cfi_startproc
    mov x12, #0
.Lclone:
    and x1, x1, #-16
    mov x10, x2
    mov x11, x3
    mov x2, x12 /* parent_tid */
    mov x3, #0
    mov x4, x12 /* child_tid */
    mov x8, #220 /* SYS_clone */
    svc #0
    cbz x0, 1f
    ret
1:  .cfi_undefined x30
    mov x29, #0
    mov x30, #0
    mov x0, x11
    blr x10
    mov x8, #93 /* SYS_exit */
    svc #0
    brk #0
    .cfi_endproc
    .size qmon__clone, . - qmon__clone
    .section .note.GNU-stack, "", %progbits
