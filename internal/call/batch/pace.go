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
	taken chan struct{} // holds one value while a worker has the turn
	next  time.Time     // belongs to who has the turn
}

func newPace(every time.Duration) *pace { return &pace{every: every, taken: make(chan struct{}, 1)} }

// turn is a worker's part in the pace. It has the turn from before it takes a job, so that requests begin in the order
// of their lines, until the request begins: others shall not catch up with it while it waits for a token.
type turn struct {
	*flow
	mine bool
}

// take waits for the turn, where there is a pace.
func (t *turn) take() {
	if t.pace.every > 0 {
		t.pace.taken <- struct{}{}
		t.mine = true
	}
}

// wait gives true when the job's request may begin, false when it is not to be sent any more.
func (t *turn) wait(ctx context.Context, j *job) bool {
	if !t.mine {
		return !t.over(j)
	}
	timer := time.NewTimer(time.Until(t.pace.next))
	defer timer.Stop()
	for halted := t.halted; !t.over(j); halted = nil { // what comes before the line that ended the run is still sent
		select {
		case <-timer.C:
			return !t.over(j)
		case <-halted:
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// begin is when a request goes out.
func (t *turn) begin() {
	if t.mine {
		t.pace.next = time.Now().Add(t.pace.every)
		t.leave()
	}
}

// leave gives the turn to the next worker.
func (t *turn) leave() {
	if t.mine {
		t.mine = false
		<-t.pace.taken
	}
}
