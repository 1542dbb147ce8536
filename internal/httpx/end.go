package httpx

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// endConn remembers, closed or not, that the server ended it.
type endConn struct {
	*net.TCPConn

	ended atomic.Bool
}

func (c *endConn) Read(p []byte) (int, error) {
	if c.ended.Load() {
		return 0, io.EOF
	}
	n, err := c.TCPConn.Read(p)
	if isEnd(err) {
		c.ended.Store(true)
	}
	return n, err
}

func isEnd(err error) bool {
	return err == io.EOF || errors.Is(err, syscall.ECONNRESET) //nolint:errorlint // an end is bare
}

// Broken is err of a round trip over conn, which is nil where there was none. net/http takes a header that breaks off
// within a line for a malformed one; where the server ended the connection there, the answer is not whole.
func Broken(err error, conn net.Conn) error {
	if conn == nil || isHTTP2(conn) || Failure(err).Code != "protocol.malformed" {
		return err
	}
	_ = conn.SetReadDeadline(time.Unix(1, 0)) // not to wait for anything that may still come
	if _, end := conn.Read(make([]byte, 1)); !isEnd(end) {
		return err
	}
	return io.ErrUnexpectedEOF
}
