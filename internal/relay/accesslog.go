package relay

import (
	"context"
	"strconv"
	"sync"
	"time"
)

const (
	logPause   = 20 * time.Millisecond // lines that come together are written together
	maxLog     = 1 << 20               // what waits while nobody reads
	maxLogPath = 1024
)

// accessLog writes one line a request. It never makes a request wait: lines that nobody reads in time are counted.
type accessLog struct {
	write func(lines []byte)
	wake  chan struct{}

	mu     sync.Mutex
	lines  []byte
	missed int
}

func newAccessLog(write func([]byte)) *accessLog {
	return &accessLog{write: write, wake: make(chan struct{}, 1)}
}

// line is "METHOD PATH STATUS BYTES DURATION". The path is without secret and query; it is "-" where the secret was not
// there, since what stood in its place may be half of it.
func (l *accessLog) line(method, path string, status int, bytes int64, took time.Duration) {
	if len(path) > maxLogPath {
		path = path[:maxLogPath] + "..."
	}
	l.mu.Lock()
	if len(l.lines) > maxLog {
		l.missed++
	} else {
		l.lines = append(l.lines, method...)
		l.lines = append(append(l.lines, ' '), path...)
		l.lines = strconv.AppendInt(append(l.lines, ' '), int64(status), 10)
		l.lines = strconv.AppendInt(append(l.lines, ' '), bytes, 10)
		l.lines = append(append(l.lines, ' '), took.Round(time.Microsecond).String()...)
		l.lines = append(l.lines, '\n')
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and then what is left.
func (l *accessLog) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-l.wake:
			select {
			case <-ctx.Done():
			case <-time.After(logPause):
			}
		}
		l.flush()
	}
	l.flush() // of the time in which the last lines were written
}

func (l *accessLog) flush() {
	l.mu.Lock()
	lines, missed := l.lines, l.missed
	l.lines, l.missed = nil, 0
	l.mu.Unlock()
	if missed > 0 {
		lines = append(strconv.AppendInt(lines, int64(missed), 10), " requests were not logged\n"...)
	}
	if len(lines) > 0 {
		l.write(lines)
	}
}
