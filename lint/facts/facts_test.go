package facts

import (
	"reflect"
	"testing"
)

// A document with anything but a file and a kind is not empty.
func TestEmpty(t *testing.T) {
	if !new(Document).Empty() {
		t.Error("a document without facts is not empty")
	}
	for i := range reflect.TypeFor[Document]().NumField() {
		name := reflect.TypeFor[Document]().Field(i).Name
		switch name {
		case "File", "Kind", "Doubtful":
			continue
		}
		d := &Document{}
		switch field := reflect.ValueOf(d).Elem().Field(i); field.Kind() {
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		default:
			t.Fatalf("%s: what is it if it is not empty?", name)
		}
		if d.Empty() {
			t.Errorf("a document with %s is empty", name)
		}
	}
}
