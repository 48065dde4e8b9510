// Go with cgo: nil dereferences that become panics and are recovered from, C code that fails, and ways to end.
package main

// #include <pthread.h>
// #include <signal.h>
// #include <stdlib.h>
// #include <string.h>
// void crash_in_c(void) { *(volatile int *) 4 = 1; }
// void abort_in_c(void) { abort(); }
// void exit_in_c(void) { exit(8); }
// static void *crash_in_thread(void *unused) { crash_in_c(); return unused; }
// int start_crashing_thread(void) { pthread_t thread; return pthread_create(&thread, NULL, crash_in_thread, NULL); }
// int stop_restarting(int signal) {
//     struct sigaction action;
//     if (sigaction(signal, NULL, &action) != 0)
//         return 1;
//     action.sa_flags &= ~SA_RESTART;
//     return sigaction(signal, &action, NULL);
// }
import "C"

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type box struct{ value int }

func readNothing(b *box) (caught int) {
	defer func() {
		if recover() != nil {
			caught = 1
		}
	}()
	return b.value
}

func recoverOften() int {
	caught := 0
	for i := 0; i < 5000; i++ {
		caught += readNothing(nil)
	}
	return caught
}

func main() {
	switch os.Args[1] {
	case "recover":
		var group sync.WaitGroup
		results := make([]int, 8)
		for i := range results {
			group.Add(1)
			go func(i int) { results[i] = recoverOften(); group.Done() }(i)
		}
		group.Wait()
		fmt.Println(results)
	case "panic":
		var b *box
		fmt.Println(b.value)
	case "crash":
		C.crash_in_c()
	case "crash in a thread of C's":
		C.start_crashing_thread()
		time.Sleep(5 * time.Second)
	case "without restart":
		signals := []os.Signal{syscall.SIGWINCH, syscall.SIGURG, syscall.SIGUSR1}
		incoming := make(chan os.Signal, 100)
		signal.Notify(incoming, signals...)
		for _, which := range signals {
			C.stop_restarting(C.int(which.(syscall.Signal)))
		}
		for i := 0; i < 300; i++ {
			syscall.Kill(os.Getpid(), signals[i%3].(syscall.Signal))
			runtime.Gosched()
		}
		fmt.Println((<-incoming).String() != "")
	case "abort":
		C.abort_in_c()
	case "exit in C":
		C.exit_in_c()
	case "exit":
		os.Exit(5)
	case "notify":
		incoming := make(chan os.Signal, 1)
		signal.Notify(incoming, syscall.SIGUSR1)
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		fmt.Println(<-incoming)
	case "exec":
		output, err := exec.Command("sh", "-c", "echo child").CombinedOutput()
		fmt.Print(string(output), err, "\n")
	}
}
