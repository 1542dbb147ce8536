package authtest

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
)

// HTTP2 is a server that has answer write to each stream as it begins, until it says no and the connection is closed.
func HTTP2(t *testing.T, answer func(f *http2.Framer, stream uint32) bool) (url string, streams *atomic.Int32) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{NextProtos: []string{"h2"}}
	streams = new(atomic.Int32)
	s.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) {
			defer func() { _ = conn.Close() }()
			_, _ = io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
			f := http2.NewFramer(conn, conn)
			_ = f.WriteSettings()
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if h, ok := frame.(*http2.HeadersFrame); ok {
					streams.Add(1)
					if !answer(f, h.StreamID) {
						return
					}
				}
			}
		},
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, streams
}
