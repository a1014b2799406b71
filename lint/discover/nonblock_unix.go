//go:build unix

package discover

import "syscall"

// nonblock opens a file without waiting for anybody.
const nonblock = syscall.O_NONBLOCK
