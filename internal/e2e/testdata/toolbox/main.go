// Command toolbox is the /bin/sh, and every other program, of the image that the
// tests of real builds are based on. There is no network to get another one from.
//
// It is a shell with the few commands that the Dockerfiles of the tests use. Where
// those would compile, it writes itself as the program, in the architecture that a
// compiler would choose: GOARCH, or the machine's own.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "toolbox:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 || args[1] != "-c" {
		return fmt.Errorf("want sh -c SCRIPT, not %q", args)
	}
	script, err := syntax.NewParser().Parse(strings.NewReader(args[2]), "")
	if err != nil {
		return err
	}
	shell, err := interp.New(
		interp.StdIO(nil, os.Stdout, os.Stderr), interp.Params("-e"),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return command }),
	)
	if err != nil {
		return err
	}
	return shell.Run(context.Background(), script)
}

// command carries out one command.
func command(ctx context.Context, args []string) error {
	h := interp.HandlerCtx(ctx)
	fail := func(err error) error {
		if err != nil {
			fmt.Fprintf(h.Stderr, "%s: %v\n", strings.Join(args, " "), err)
			return interp.ExitStatus(1)
		}
		return nil
	}
	kernel := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	switch args[0] {
	case "uname", "arch":
		fmt.Fprintln(h.Stdout, kernel)
	case "dpkg":
		fmt.Fprintln(h.Stdout, runtime.GOARCH)
	case "mkdir":
		return fail(os.MkdirAll(args[len(args)-1], 0o755))
	case "chmod":
	case "cp":
		return fail(copyFile(args[1], args[2]))
	case "wget": // wget -O FILE URL
		return fail(fetch(args[2], args[3]))
	case "curl": // curl -fsSLo FILE URL
		return fail(fetch(args[2], args[3]))
	case "go": // go build -o FILE
		architecture := h.Env.Get("GOARCH").String()
		if architecture == "" {
			architecture = runtime.GOARCH
		}
		return fail(copyFile("/programs/"+architecture, args[3]))
	default:
		return fail(fmt.Errorf("not found"))
	}
	return nil
}

func fetch(file, url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	return write(file, response.Body)
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return write(to, f)
}

func write(file string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, from); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
