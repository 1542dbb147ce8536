// Command docgen writes the man pages of the whole command tree into a folder. The same tree gives the same bytes: no
// date, no version, no path of the machine that ran it.
//
//	go run ./internal/docgen docs/man
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/iostreams"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: docgen FOLDER")
	}
	// A command tree without ports: it can be read, not run.
	app := &cli.App{IO: &iostreams.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
	return pages(app.Tree(), args[0])
}

// pages writes one page for the command and for each below it that help shows.
func pages(cmd *cobra.Command, dir string) error {
	page, err := manPage(cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.CommandPath(), err)
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil { //nolint:gosec // documentation is for all
		return err
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			if err := pages(sub, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func manPage(cmd *cobra.Command) ([]byte, error) {
	cmd.DisableAutoGenTag = true // it would say when
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		f.Usage = strings.ReplaceAll(f.Usage, "<", `\<`) // Markdown would leave <FILE out, as HTML
	})
	date := time.Unix(0, 0).UTC()
	var page bytes.Buffer
	err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Date: &date, Source: "authctl", Manual: "authctl"}, &page)
	return bytes.Replace(page.Bytes(), []byte(`"Jan 1970"`), []byte(`""`), 1), err
}
