package call

import (
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func (c *Client) throughProxy(out *http.Request) bool {
	if c.Transport.Proxy == nil {
		return false
	}
	proxy, err := c.Transport.Proxy(out)
	return err == nil && proxy != nil
}

// limitTunnel bounds the time until the request gets a connection that a proxy has a part in: net/http waits a minute for
// the answer to CONNECT, and for ever for those of SOCKS.
func (w *watch) limitTunnel(limit time.Duration) {
	timer := time.AfterFunc(limit, func() {
		err := fault.New(fault.Timeout, "timeout.connect", "time-out while connecting through the proxy")
		err.Retryable = true
		w.cancel(err)
	})
	w.mark(func() { w.tunnel = timer })
}

// tunnelled says that there is a connection, or that none is needed any more.
func (w *watch) tunnelled() {
	w.mark(func() {
		if w.tunnel != nil {
			w.tunnel.Stop()
			w.tunnel = nil
		}
	})
}
