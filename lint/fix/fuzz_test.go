package fix

import (
	"bytes"
	"testing"
)

// FuzzPlan puts edits together: what no edit names stays, and a diff of the result is made.
func FuzzPlan(f *testing.F) {
	f.Add([]byte("FROM a\r\nRUN b\r\n"), 5, 6, "x\n", 0, 0, "# y\n", 8, 11, "")
	f.Add([]byte("a"), 0, 1, "b", 0, 1, "c", 1, 1, "d")
	f.Add([]byte(""), 0, 0, "b", -1, 5, "c", 3, 2, "d")
	f.Fuzz(func(t *testing.T, data []byte, s1, e1 int, t1 string, s2, e2 int, t2 string, s3, e3 int, t3 string) {
		var plan Plan
		var made []Edit
		for _, e := range []Edit{{"f", s1, e1, t1}, {"f", s2, e2, t2}, {"f", s3, e3, t3}} {
			if plan.Add([]Edit{e}) {
				made = append(made, e)
			}
		}
		got := plan.Apply("f", data)
		if len(plan.Apply("other", data)) != len(data) {
			t.Fatal("another file has changed")
		}
		_ = Diff("f", data, got)
		if len(made) == 1 && made[0].End <= len(data) {
			e := made[0]
			if !bytes.HasPrefix(got, data[:e.Start]) || !bytes.HasSuffix(got, data[e.End:]) {
				t.Fatalf("%+v made %q of %q", e, got, data)
			}
		}
	})
}
