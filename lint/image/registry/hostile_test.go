package registry

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/archlint/archlint/lint/image"
)

func TestTheErrorOfOneRepositoryIsNotThatOfAnother(t *testing.T) {
	index := both(t)
	asked, release := make(chan struct{}), make(chan struct{})
	// A registry that makes others wait for its answer, and then has none.
	hostile, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				close(asked)
				<-release
				w.WriteHeader(http.StatusNotFound)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	good, _ := server(t, nil)
	push(t, good+"/team/app:1", index)
	c := client(t, Options{})
	done := make(chan image.Answer)
	go func() { done <- c.lookUpOne(context.Background(), t, hostile+"/x@"+digestOf(t, index)) }()
	<-asked
	go func() { done <- c.lookUpOne(context.Background(), t, good+"/team/app@"+digestOf(t, index)) }()
	time.Sleep(100 * time.Millisecond) // so that it waits for the other
	close(release)
	for range 2 {
		if a := <-done; !a.Known && a.Detail != "not found at "+hostile {
			t.Errorf("%+v", a)
		}
	}
}
