package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestSupervise has limits that are passed at once.
func TestSupervise(t *testing.T) {
	for want, l := range map[string]limits{
		"memory":    {end: time.Now().Add(time.Hour), memory: 1},
		"--timeout": {end: time.Now(), memory: 1 << 40},
	} {
		var out bytes.Buffer
		code := -1
		supervise(nil, l, &out, func(c int) { code = c })
		if code != exitFailure || !strings.Contains(out.String(), want) {
			t.Errorf("%s: exit code %d, %q", want, code, out.String())
		}
	}
	done := make(chan struct{})
	close(done)
	supervise(done, limits{end: time.Now().Add(time.Hour), memory: 1 << 40}, nil, func(int) { t.Error("ended") })
}
