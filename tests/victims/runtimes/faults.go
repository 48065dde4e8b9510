// Go with cgo: nil dereferences that become panics and are recovered from, C code that fails, and ways to end.
package main

// #include <stdlib.h>
// #include <string.h>
// void crash_in_c(void) { *(volatile int *) 4 = 1; }
// void abort_in_c(void) { abort(); }
// void exit_in_c(void) { exit(8); }
import "C"

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
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
