package cli

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/authctl/authctl/internal/call"
)

// A bar is shown for a body that is known to be long, or that takes a while.
const (
	longBody  = 4 << 20
	longWhile = 2 * time.Second
	barWidth  = 30
	barPeriod = 100 * time.Millisecond
)

// progress shows on the terminal how a body moves, the request's and then the answer's. A nil progress shows nothing.
type progress struct {
	out   io.Writer
	asked bool // by --progress: of short bodies too

	mu    sync.Mutex
	began time.Time
	clock func() time.Time
	up    bool
	total int64
	moved int64
	bar   *progressbar.ProgressBar // nil: not shown yet
}

// progress is nil where a bar would be in the way: without a terminal to show it on, beside an answer on the same
// terminal, among the lines of -v, and by the user's wish.
func (g *globals) progress(o *callOptions, toTerminal bool) *progress {
	streams := g.app.IO
	if !streams.ErrTTY || o.save.silent || g.verbose > 0 || g.app.jsonErrors || toTerminal && !o.save.progress {
		return nil
	}
	return &progress{out: streams.Err, asked: o.save.progress, clock: g.app.Clock}
}

// meter tells p of what moves.
func (p *progress) meter() *call.Meter {
	if p == nil {
		return nil
	}
	return &call.Meter{Begin: p.begin, Moved: p.add}
}

func (p *progress) begin(up bool, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.up, p.total, p.moved, p.began = up, total, 0, p.clock()
}

func (p *progress) add(up bool, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if up != p.up { // the tail of an upload that the server has answered already
		return
	}
	p.moved += int64(n)
	if p.bar == nil && (p.asked || p.total >= longBody || p.clock().Sub(p.began) >= longWhile) {
		p.bar = p.show()
		n = int(p.moved)
	}
	if p.bar != nil {
		_ = p.bar.Add(n)
	}
}

func (p *progress) show() *progressbar.ProgressBar {
	what := "receiving"
	if p.up {
		what = "sending"
	}
	return progressbar.NewOptions64(p.total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionThrottle(barPeriod), progressbar.OptionClearOnFinish())
}

// end takes the bar off the terminal.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}
