//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/integration/rig"
)

// serve runs the token and API server until its stdin ends; it prints its URL. protocol is h2 or http/1.1.
func serve(ctx context.Context, caFile, protocol string) error {
	certificate, err := rig.Certificate(caFile)
	if err != nil {
		return err
	}
	config := rig.ServerTLS(certificate)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(protocol == "h2")
	server := &http.Server{
		Handler: rig.NewService(0), TLSConfig: config, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second,
		// Windows as wide as the client's, so that the client is what is measured.
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerConnection: 16 << 20, MaxReceiveBufferPerStream: 16 << 20, MaxReadFrameSize: 1 << 20},
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("https://%s\n", listener.Addr())
	go func() { // the runner holds the other end for as long as it lives
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = server.Close()
	}()
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// startServer runs this program again as the server, so that its memory and time are its own.
func startServer(ctx context.Context, caFile, protocol string) (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", caFile, protocol)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), func() { _ = in.Close(); _ = cmd.Wait() }, err
}
