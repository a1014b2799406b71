package catalog

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestEveryOfficialRow asks for each tag that was ever listed, as people do, and
// compares the answer with the table; the sum in SUMS says that this is the
// table that cmd/catalog read out of the history.
func TestEveryOfficialRow(t *testing.T) {
	rows, err := UnpackOfficial(officialData)
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	var wait sync.WaitGroup
	for part := range slices.Chunk(rows, len(rows)/runtime.GOMAXPROCS(0)+1) {
		wait.Go(func() {
			for _, row := range part {
				reference := row.Image + ":" + row.Tag
				got, ok := c.Image(reference)
				if platforms := strings.Join(got.Platforms.Strings(), ","); !ok || got.Guess || platforms != row.Platforms {
					t.Errorf("%s: got %s (known %v, guess %v), want %s", reference, platforms, ok, got.Guess, row.Platforms)
					return
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d rows", len(rows))
}

func TestSumsAreThoseOfTheTables(t *testing.T) {
	official, err := UnpackOfficial(officialData)
	if err != nil {
		t.Fatal(err)
	}
	releases, err := UnpackReleases(downloadsData)
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	want := SumLine("downloads", c.Date("downloads"), c.downloads().commit, Sum(releases), len(releases)) +
		SumLine("official", c.Date("official"), c.official().commit, Sum(official), len(official))
	got, err := os.ReadFile("SUMS")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("SUMS is not that of the tables; cmd/catalog writes both:\n%s", want)
	}
}
