package main

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

func TestProgressIsForTerminalsThatItFits(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to try")
	}
	defer terminal.Close()
	for width, want := range map[uint16]bool{0: true, 40: false, progressWidth - 1: false, progressWidth: true, 200: true} {
		size := struct{ rows, columns, x, y uint16 }{24, width, 0, 0}
		if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); err != 0 {
			t.Fatal(err)
		}
		if got := showProgress(terminal, false, func(string) string { return "" }); got != want {
			t.Errorf("at a width of %d: %v", width, got)
		}
	}
}
