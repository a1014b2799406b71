// Package spell guesses which word was meant by one that is not known.
package spell

// Nearest returns the word that s is most likely a misspelling of, or "" when
// none is near: at most a third of the letters may differ.
func Nearest(s string, words []string) string {
	best, distance := "", len(s)/3+1
	if len(s) > 64 {
		return ""
	}
	for _, word := range words {
		if d := edits(s, word); d < distance {
			best, distance = word, d
		}
	}
	return best
}

// edits returns the number of letters to insert, drop, replace or swap with their
// neighbour that make b of a.
func edits(a, b string) int {
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			next[j] = min(replace, last[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
