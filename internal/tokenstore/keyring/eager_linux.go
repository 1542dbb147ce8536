package keyring

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// eagerConn spares godbus the three round trips of D-Bus authentication. There is one mechanism for a session bus,
// EXTERNAL, and a client may send what follows it without waiting for the server's OK (as sd-bus does): eagerConn
// plays the server's part of the conversation, and takes the real OK off before the first message. Any other answer
// breaks the connection.
type eagerConn struct {
	net.Conn
	answers bytes.Buffer  // to godbus, during the conversation
	wire    *bufio.Reader // nil until the real answer was read
	begun   bool
}

var errRefused = errors.New("the session bus refused the user")

func (c *eagerConn) Write(p []byte) (int, error) {
	switch {
	case c.begun || string(p) == "\x00":
	case string(p) == "AUTH\r\n":
		c.answers.WriteString("REJECTED EXTERNAL\r\n")
		return len(p), nil
	case string(p) == "AUTH EXTERNAL\r\n":
		c.answers.WriteString("OK unread\r\n")
		_, err := fmt.Fprintf(c.Conn, "AUTH EXTERNAL %x\r\n", strconv.Itoa(os.Geteuid()))
		return len(p), err
	case string(p) == "BEGIN\r\n":
		c.begun = true
	}
	return c.Conn.Write(p)
}

func (c *eagerConn) Read(p []byte) (int, error) {
	if c.answers.Len() > 0 {
		return c.answers.Read(p)
	}
	if c.wire == nil {
		c.wire = bufio.NewReader(c.Conn)
		line, err := c.wire.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if !bytes.HasPrefix(line, []byte("OK ")) {
			return 0, errRefused
		}
	}
	return c.wire.Read(p)
}
