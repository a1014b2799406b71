package git

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxHeader bounds the lines of a patch that are kept.
const maxHeader = 1 << 12

// readPatch reads a patch of one file without context and returns the lines that are
// new. known is false if the patch does not say.
//
// The lines of the file are skipped by their number: they can look like anything.
func readPatch(in io.Reader) (lines []span, known bool, err error) {
	r := bufio.NewReaderSize(in, maxHeader)
	some := false
	for {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return lines, known || !some, nil
		}
		if err != nil {
			return nil, false, err
		}
		some = true
		if !bytes.HasPrefix(line, []byte("@@ ")) {
			continue
		}
		removed, from, added, err := hunk(string(line))
		if err != nil {
			return nil, false, err
		}
		known = true
		if added > 0 {
			lines = append(lines, span{from, from + added - 1})
		}
		for range removed + added {
			if err := skipLine(r); err != nil {
				return nil, false, fmt.Errorf("the patch ends early: %w", err)
			}
		}
	}
}

// readLine returns the next line without its end. The line is cut to the size of the
// buffer.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		return line, skipLine(r)
	}
	if len(line) > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return bytes.TrimSuffix(line, []byte("\n")), err
}

func skipLine(r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// hunk reads "@@ -A[,B] +C[,D] @@": B lines go, D lines from C on come.
func hunk(line string) (removed, from, added int, err error) {
	words := strings.SplitN(line, " ", 5)
	if len(words) < 4 || words[3] != "@@" {
		return 0, 0, 0, fmt.Errorf("%.40q is not understood", line)
	}
	_, removed, ok := lineRange(words[1], "-")
	from, added, ok2 := lineRange(words[2], "+")
	if !ok || !ok2 {
		return 0, 0, 0, fmt.Errorf("%.40q is not understood", line)
	}
	return removed, from, added, nil
}

func lineRange(s, sign string) (from, n int, ok bool) {
	s, ok = strings.CutPrefix(s, sign)
	first, number, more := strings.Cut(s, ",")
	from, err := strconv.Atoi(first)
	n = 1
	if more && err == nil {
		n, err = strconv.Atoi(number)
	}
	return from, n, ok && err == nil && from >= 0 && n >= 0
}
