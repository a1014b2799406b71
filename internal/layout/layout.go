// Package layout holds tests of the module as a whole: which package may import
// which, and which versions of dependencies go together. It has no code.
package layout
