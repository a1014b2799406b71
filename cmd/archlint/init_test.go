package main

import (
	"regexp"
	"testing"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/config"
)

// TestWhatInitWritesIsRight takes the signs of the comments away and loads the forms.
func TestWhatInitWritesIsRight(t *testing.T) {
	data := configuration(&lint.Result{})
	if _, err := config.Load(config.Name, data, config.Options{}); err != nil {
		t.Errorf("as it is: %v", err)
	}
	forms := regexp.MustCompile(`(?m)^# ((?:[a-z]+:|  ).*)$`).ReplaceAll(data, []byte("$1"))
	c, err := config.Load(config.Name, forms, config.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, forms)
	}
	if len(c.Platforms) != 2 || len(c.Exclude) != 1 || len(c.Rules) != 1 || len(c.Paths) != 2 || len(c.Images) != 1 || c.Registries == nil {
		t.Errorf("not all forms are there: %+v\n%s", c, forms)
	}
}
