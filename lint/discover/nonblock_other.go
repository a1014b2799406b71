//go:build !unix

package discover

// nonblock is nothing where the file system has no named pipes.
const nonblock = 0
