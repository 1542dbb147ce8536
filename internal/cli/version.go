package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Print authctl's version, the Go version it was built with, and the platform.",
		Example: "  authctl version\n" +
			"  authctl version | cut -d' ' -f2",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return g.app.printVersion() },
	}
}

func (a *App) printVersion() error {
	return writeOut(a.IO.Out, fmt.Appendf(nil, "authctl %s %s %s/%s\n", a.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}
