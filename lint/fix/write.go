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

// Create writes a file below root, whether it is there or not, under the same rules.
func Create(root, path string, data []byte) error {
	name := filepath.FromSlash(path)
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer r.Close()
	mode, keep := fs.FileMode(0o644), false
	if info, err := r.Lstat(name); err == nil {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("writing %s: not a regular file", path)
		}
		mode, keep = info.Mode().Perm(), true
	}
	if err := replace(r, name, data, mode, keep); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func write(root, name string, before, after []byte) error {
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
	return replace(r, name, after, info.Mode().Perm(), true)
}

// replace writes a file beside its place and puts it there, with a mode, of which the
// umask takes away unless it is that of a file that was there.
func replace(r *os.Root, name string, data []byte, mode fs.FileMode, keep bool) (err error) {
	temporary := filepath.Join(filepath.Dir(name), ".archlint-"+rand.Text())
	f, err := r.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = r.Remove(temporary)
		}
	}()
	_, err = f.Write(data)
	if keep {
		err = errors.Join(err, f.Chmod(mode))
	}
	err = errors.Join(err, f.Sync())
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
