package httpx

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writesConn notes each write; the writes of a pair come one after the other, since it is no socket.
type writesConn struct {
	net.Conn
	mu     sync.Mutex
	writes []int
	fail   error
}

func (c *writesConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return 0, c.fail
	}
	c.writes = append(c.writes, len(p))
	return len(p), nil
}

func (c *writesConn) sizes() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.writes), func(n int) bool { return n == 0 })
}

func TestFullRecordsGoOutByTwo(t *testing.T) {
	const full, short = fullRecord + 22, 40
	for _, test := range []struct {
		name    string
		records []int
		atOnce  []int // what is written before any time passes
	}{
		{"short ones at once", []int{short, short}, []int{short, short}},
		{"a full one waits", []int{full}, nil},
		{"for another", []int{full, full}, []int{full, full}},
		{"or for a short one", []int{full, short, short}, []int{full, short, short}},
		{"the third waits again", []int{full, full, full}, []int{full, full}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := &writesConn{}
				conn := &recordConn{Conn: inner}
				for _, size := range test.records {
					if n, err := conn.Write(make([]byte, size)); n != size || err != nil {
						t.Fatalf("Write = %d, %v", n, err)
					}
				}
				if got := inner.sizes(); !slices.Equal(got, test.atOnce) {
					t.Errorf("wrote %v at once, want %v", got, test.atOnce)
				}
				time.Sleep(heldWithin)
				synctest.Wait()
				if got := inner.sizes(); !slices.Equal(got, test.records) {
					t.Errorf("wrote %v in the end, want %v", got, test.records)
				}
			})
		})
	}
}

func TestRecordsArriveInOrderOverASocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var sent []byte
	conn := &recordConn{Conn: client}
	for i := range 101 {
		size := fullRecord + 22
		if i%7 == 6 {
			size = 100 + i
		}
		record := bytes.Repeat([]byte{byte(i)}, size)
		sent = append(sent, record...)
		if _, err := conn.Write(record); err != nil {
			t.Fatal(err)
		}
		clear(record) // crypto/tls uses its buffer again
	}
	got := make([]byte, len(sent))
	if err := server.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, got); err != nil { // the last one is full, and nothing follows it
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("the bytes differ")
	}
}

func TestAHeldRecordThatFailsIsToldByTheNextWrite(t *testing.T) {
	inner := &writesConn{fail: os.ErrDeadlineExceeded}
	conn := &recordConn{Conn: inner}
	if _, err := conn.Write(make([]byte, fullRecord+22)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := conn.Write([]byte("more")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
	}
}
