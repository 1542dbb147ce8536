//go:build !linux

package call

import "time"

func sleep(d time.Duration) { time.Sleep(d) }
