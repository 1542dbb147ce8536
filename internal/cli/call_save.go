package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/iostreams"
)

// saveFlags say where the answer goes, and what is told of it.
type saveFlags struct {
	output, resume   string
	remoteName       bool
	include, noFail  bool
	head, writeOut   string
	silent, progress bool
}

func (o *saveFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write the body to `FILE`, whole or not at all")
	f.BoolVarP(&o.remoteName, "remote-name", "O", false, "write the body to a file named as the end of the URL's path")
	f.StringVarP(&o.resume, "continue-at", "C", "", "with `-` and -o or -O: keep what came of a body that breaks off, and fetch only the rest next time")
	f.BoolVarP(&o.include, "include", "i", false, "print the status line and headers before the body")
	f.StringVarP(&o.head, "dump-header", "D", "", "write the status line and headers to `FILE` (- for standard output)")
	f.StringVarP(&o.writeOut, "write-out", "w", "", "print `FORMAT` when all is done, as curl does; @FILE reads it from a file")
	f.BoolVar(&o.noFail, "no-fail", false, "exit 0 for HTTP status 400 and more")
	f.BoolVarP(&o.silent, "silent", "s", false, "show no progress")
	f.BoolVar(&o.progress, "progress", false, "show progress on a terminal, of short transfers too")
	cmd.MarkFlagsMutuallyExclusive("output", "remote-name")
	cmd.MarkFlagsMutuallyExclusive("silent", "progress")
}

// check refuses what cannot be meant, before anything is read or sent.
func (o *saveFlags) check(request *call.Request) error {
	switch {
	case o.resume == "":
		return nil
	case o.resume != "-":
		return usage("-C takes - and finds out itself where to go on").Hint("-C -")
	case o.output == "" && !o.remoteName, o.output == "-":
		return usage("-C goes together with -o FILE or -O").Hint("-C - -o FILE")
	case request.Method != http.MethodGet || request.Body != nil:
		return usage("-C is for GET without a body")
	case o.include:
		return usage("-C and -i do not go together").Hint("-D FILE writes the headers to a file of their own")
	case request.Compressed:
		return usage("-C and --compressed do not go together")
	case request.Header.Get("Range") != "" || request.Header.Get("If-Range") != "":
		return usage("-C and a Range header of your own do not go together")
	}
	return nil
}

// into is where the answer to u goes.
func (o *saveFlags) into(a *App, u *url.URL, trip *call.Trip) (call.Output, error) {
	out := call.Output{
		Path: o.output, Stdout: a.IO.Out, Stderr: a.IO.Err, TTY: a.IO.OutTTY,
		Include: o.include, Head: o.head, Trip: trip, Terminal: iostreams.IsTerminal,
	}
	if o.remoteName {
		name, err := call.RemoteName(u)
		if err != nil {
			return out, err
		}
		out.Path = name
	}
	if o.resume != "" {
		out.Resume = u.String()
	}
	if o.head != "" && o.head != "-" && o.head == out.Path {
		return out, usage("-D and -o name the same file")
	}
	return out, nil
}
