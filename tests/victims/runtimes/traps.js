// Traps of WebAssembly that become exceptions, and stacks that overflow: 20,000 faults, all of them dealt with.
'use strict';

function number(n) {
    const bytes = [];
    do {
        let byte = n & 127;
        n >>= 7;
        if (n) byte |= 128;
        bytes.push(byte);
    } while (n);
    return bytes;
}

const section = (id, content) => [id, ...number(content.length), ...content];

function body(code) {
    const bytes = [0, ...code, 0x0b];
    return [...number(bytes.length), ...bytes];
}

const module_bytes = new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [3, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0]),
    ...section(3, [3, 0, 1, 2]),
    ...section(5, [1, 0, 1]),
    ...section(7, [3, 1, 0x6c, 0, 0, 1, 0x64, 0, 1, 1, 0x72, 0, 2]),
    ...section(10, [3,
        ...body([0x20, 0, 0x28, 2, 0]),       // l: loads from where there is no memory
        ...body([0x20, 0, 0x20, 1, 0x6d]),    // d: divides
        ...body([0x10, 2])]),                 // r: calls itself
]);
const {l: load, d: divide, r: recurse} = new WebAssembly.Instance(new WebAssembly.Module(module_bytes)).exports;

function attempt(times, action) {
    let caught = 0, message = '';
    for (let i = 0; i < times; i++) {
        try {
            action();
        } catch (error) {
            caught++;
            message = error.message;
        }
    }
    console.log(caught, message);
}

function deeper(n) {
    return deeper(n + 1) + 1;
}

attempt(20000, () => load(0x7ffffff0));
attempt(1000, () => divide(1, 0));
attempt(10, () => recurse());
attempt(10, () => deeper(0));
