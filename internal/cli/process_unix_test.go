//go:build unix

package cli

import (
	"bytes"
	"io/fs"
	"net"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/secret"
)

// A server that closes a connection in the middle of an upload is told of with the same number as the end of a pipe.
func TestOnlyAGoneReaderEndsWithoutAWord(t *testing.T) {
	wire := &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	output := &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	for _, tc := range []struct {
		err    error
		status int
	}{
		{output, 141},
		{outFault(output), 141},
		{fault.New(fault.IO, "io.pipe", "nobody reads the output any more: %w", output), 141},
		{fault.New(fault.Network, "network.lost", "%w", wire), 6},
		{fault.New(fault.Store, "store.unavailable", "%w", wire), 10},
	} {
		var told bytes.Buffer
		app := &App{IO: &iostreams.Streams{Err: &told}, Mask: secret.NewMask()}
		if got := app.fail(t.Context(), &globals{app: app}, tc.err); got != tc.status || (told.Len() == 0) != (got == 141) {
			t.Errorf("%v: %d, with %q", tc.err, got, told.String())
		}
	}
}
