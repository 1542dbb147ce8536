package batch

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// ParseRate reads "10/s", "90/m" or "500/h" as the time between the beginnings of two requests.
func ParseRate(text string) (time.Duration, error) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	per, ok := units[unit]
	if err != nil || !ok || !(n > 0) || n > 1e6 || n < 1e-3 {
		return 0, fault.New(fault.Usage, "usage.rate", "--rate is a number of requests per s, m, h or d").Hint("--rate 10/s")
	}
	return time.Duration(float64(per) / n), nil
}

// pace holds the beginnings of requests apart.
type pace struct {
	every time.Duration
	ticks *time.Ticker // from the first request on
}

func (p *pace) stop() {
	if p.ticks != nil {
		p.ticks.Stop()
	}
}

// wait gives true when the next request may begin, false when none may any more.
func (p *pace) wait(ctx context.Context, halted <-chan struct{}) bool {
	switch {
	case p.every <= 0:
		return true
	case p.ticks == nil:
		p.ticks = time.NewTicker(p.every)
		return true
	}
	select {
	case <-p.ticks.C:
		return true
	case <-halted:
	case <-ctx.Done():
	}
	return false
}
