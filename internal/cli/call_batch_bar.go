package cli

import (
	"bytes"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/authctl/authctl/internal/call/batch"
)

// batchBar shows on the terminal how many lines are done; the functions it gives do nothing where a bar would be in the
// way.
func (g *globals) batchBar(o *callOptions) (tell func(batch.Count), end func()) {
	streams := g.app.IO
	if !streams.ErrTTY || streams.OutTTY || o.save.silent || g.verbose > 0 || g.app.jsonErrors {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(countLines(o.batch.file), progressbar.OptionSetWriter(streams.Err),
		progressbar.OptionSetDescription("requests"), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetWidth(barWidth), progressbar.OptionThrottle(barPeriod), progressbar.OptionClearOnFinish())
	tell = func(done batch.Count) { _ = bar.Set(done.Sent + done.Skipped) }
	return tell, func() { _ = bar.Clear(); _ = bar.Exit() }
}

// countLines is -1 for what can be read but once.
func countLines(name string) int64 {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.Mode().IsRegular() {
		return -1
	}
	f, err := os.Open(name)
	if err != nil {
		return -1
	}
	defer func() { _ = f.Close() }()
	lines, buf := int64(0), make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		switch {
		case err == io.EOF: // os.File gives the bare value
			return lines
		case err != nil:
			return -1
		}
	}
}
