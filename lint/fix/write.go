package fix

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrChanged means that a file is not what it was when it was read.
var ErrChanged = errors.New("the file has changed meanwhile")

// Write replaces the content of a file below root, which must still be before. The
// path is relative to root, with slashes; it is not followed out of root, and a
// symbolic link is not followed at all. The new content is written beside the file
// and takes its place at once, with the same mode, when all of it is on the disk.
func Write(root, path string, before, after []byte) error {
	if err := write(root, filepath.FromSlash(path), before, after); err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func write(root, name string, before, after []byte) (err error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	for at := name; at != "."; at = filepath.Dir(at) {
		info, err := r.Lstat(at)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return errors.New("it is, or is behind, a symbolic link")
		}
	}
	info, err := r.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	have, err := readAll(r, name, int64(len(before))+1)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, before) {
		return ErrChanged
	}
	temporary := filepath.Join(filepath.Dir(name), ".archlint-"+rand.Text())
	f, err := r.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = r.Remove(temporary)
		}
	}()
	_, err = f.Write(after)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync()) // the umask may have taken bits away
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return r.Rename(temporary, name)
}

func readAll(r *os.Root, name string, limit int64) ([]byte, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
