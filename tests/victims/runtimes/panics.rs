// Rust: panics that are caught and not, overflows that Rust's own handler names, faults.
use std::hint::black_box;
use std::panic::{catch_unwind, panic_any, resume_unwind};
use std::{env, process, ptr, thread};

fn recurse(depth: u64) -> u64 {
    let room = [depth; 64];
    black_box(&room);
    1 + recurse(depth + room[3] % 2 + 1)
}

fn write_wild() {
    unsafe { ptr::write_volatile(black_box(4) as *mut i32, 1) }
}

#[inline(never)]
fn fail_in_thread(number: u32) {
    panic!("no room for {}", black_box(number));
}

fn main() {
    let how = env::args().nth(1).unwrap();
    match how.as_str() {
        "caught" => println!("{}", (0..100).filter(|_| catch_unwind(|| panic!("x")).is_err()).count()),
        "panic" => panic!("given up"),
        "panic with numbers" => panic!("{} of {}", "ä".repeat(700), black_box(7)),
        "panic with a number" => panic_any(black_box(7u64)),
        "panic that is unwrapped" => thread::spawn(|| fail_in_thread(7)).join().unwrap(),
        "panic that is taken on" => {
            if let Err(payload) = thread::spawn(|| fail_in_thread(8)).join() {
                resume_unwind(payload)
            }
        }
        "panic in a scope" => thread::scope(|scope| {
            scope.spawn(|| fail_in_thread(9));
        }),
        "panic in another and exit" => {
            let _ = thread::spawn(|| panic!("of another")).join();
            process::exit(101)
        }
        "panic in a thread" => println!("{}", thread::spawn(|| panic!("x")).join().is_err()),
        "overflow" => println!("{}", recurse(1)),
        "overflow in a thread" => thread::spawn(|| println!("{}", recurse(1))).join().unwrap(),
        "fault" => write_wild(),
        "fault in a thread" => thread::spawn(write_wild).join().unwrap(),
        "abort" => process::abort(),
        _ => process::exit(6),
    }
}
