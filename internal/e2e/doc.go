// Package e2e tests archlint together with the programs that start it: the hooks
// in pre-commit, the action in act (an implementation of GitHub's runner), the
// module in go install; with a real registry, distribution's; and with a real builder,
// buildah, which shows what becomes of a finding and of its fix.
//
// The tests of real programs run when ARCHLINT_E2E is 1, as make e2e sets it, and
// then fail if a program is missing; they are skipped otherwise. They work on a
// copy of the checkout with its uncommitted changes.
package e2e
