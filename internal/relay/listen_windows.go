package relay

import (
	"context"

	"github.com/authctl/authctl/internal/fault"
)

// listenUnix: the mode of a socket's file says nothing on Windows.
func listenUnix(context.Context, string) (*Door, error) {
	return nil, fault.New(fault.Usage, "usage.listen", "there are no unix sockets for the user alone on Windows").
		Hint("--listen 127.0.0.1:0")
}
