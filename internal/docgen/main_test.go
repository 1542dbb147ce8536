package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
)

func TestEveryShownCommandHasOnePageThatNeverChanges(t *testing.T) {
	tree := func() *cobra.Command {
		run := func(*cobra.Command, []string) {}
		root := &cobra.Command{Use: "tool", Short: "A tool"}
		group := &cobra.Command{Use: "token", Short: "Tokens"}
		group.AddCommand(&cobra.Command{Use: "get", Short: "Print one", Run: run})
		root.AddCommand(group, &cobra.Command{Use: "secret-door", Hidden: true, Run: run})
		return root
	}
	first, second := t.TempDir(), t.TempDir()
	for _, dir := range []string{first, second} {
		if err := pages(tree(), dir); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(first, "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("%v %v", names, err)
	}
	for _, name := range names {
		one, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(second, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) || !bytes.HasPrefix(one, []byte(".")) || bytes.Contains(one, []byte("19")) {
			t.Errorf("%s:\n%s", name, one)
		}
	}
}

func TestAPageKeepsWhatLooksLikeHTML(t *testing.T) {
	root := &cobra.Command{Use: "tool", Short: "A tool", Run: func(*cobra.Command, []string) {}}
	root.PersistentFlags().String("form", "", "`NAME=TEXT`, NAME=@FILE or NAME=<FILE, with ;type=")
	sub := &cobra.Command{Use: "call", Short: "Call", Run: root.Run}
	root.AddCommand(sub)
	dir := t.TempDir()
	if err := pages(root, dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tool.1", "tool-call.1"} {
		if page, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(page, []byte("or NAME=<FILE, with")) {
			t.Errorf("%s: %v\n%s", name, err, page)
		}
	}
}

func TestAFolderMustBeNamed(t *testing.T) {
	if err := run(nil); err == nil {
		t.Error("ran without a folder")
	}
}
