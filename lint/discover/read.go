package discover

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// TooLargeError says that a file is larger than the limit.
type TooLargeError struct {
	Path      string
	Size, Max int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s is %s, larger than the limit of %s; exclude it or split it", e.Path, size(e.Size), size(e.Max))
}

// Reader reads files below a directory, which it opens once. It is never closed, as
// it is used until the program ends.
type Reader struct{ open func() (*os.Root, error) }

// NewReader returns a reader of the files below root.
func NewReader(root string) *Reader {
	return &Reader{sync.OnceValues(func() (*os.Root, error) { return openRoot(root) })}
}

// ReadFile is [ReadFile] without opening the directory each time.
func (r *Reader) ReadFile(path string, max int64) ([]byte, error) {
	root, err := r.open()
	if err != nil {
		return nil, err
	}
	return readFile(root, path, max, false)
}

func openRoot(root string) (*os.Root, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", root, cause(err))
	}
	return r, nil
}

// ReadFile reads a file of the repository: path is relative to root, with
// slashes. It never leaves root, not by "..", an absolute path or a symbolic
// link, reads regular files only, and at most max bytes: a larger file gives a
// *TooLargeError.
func ReadFile(root, path string, max int64) ([]byte, error) {
	return readOne(root, path, max, false)
}

// readHead reads the first max bytes of a file under the same rules.
func readHead(root, path string, max int64) ([]byte, error) {
	return readOne(root, path, max, true)
}

func readOne(root, path string, max int64, head bool) ([]byte, error) {
	r, err := openRoot(root)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readFile(r, path, max, head)
}

func readFile(r *os.Root, path string, max int64, head bool) ([]byte, error) {
	// Opening a named pipe would wait for its other end.
	f, err := r.OpenFile(filepath.FromSlash(path), os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", path)
	}
	if info.Size() > max && !head {
		return nil, &TooLargeError{Path: path, Size: info.Size(), Max: max}
	}
	// One byte more than expected shows a file that has grown since, or one of
	// those that claim to be empty.
	data := make([]byte, 0, min(info.Size(), max)+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > max && head:
			return data[:max], nil
		case int64(len(data)) > max:
			return nil, &TooLargeError{Path: path, Size: int64(len(data)), Max: max}
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", path, cause(err))
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// cause drops operation and path, which the message has already.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// size writes a number of bytes for people, exactly when it is a whole number of
// units.
func size(n int64) string {
	for _, unit := range []struct {
		bytes int64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		switch {
		case n < unit.bytes:
			continue
		case n%unit.bytes == 0:
			return fmt.Sprintf("%d %s", n/unit.bytes, unit.name)
		default:
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
