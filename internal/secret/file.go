package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// maxFile is how much of a file is read before it is judged; a secret is smaller still.
const maxFile = 1 << 20

// file reads file:PATH. The read happens aside, so that a named pipe that nobody writes to, or a mute network file
// system, costs the time-out and no more; a read that never ends is left behind until the process ends.
func (r *Resolver) file(ctx context.Context, name string) (String, error) {
	path, err := r.path(name)
	if err != nil {
		return String{}, err
	}
	type answer struct {
		data []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		data, err := r.Pipes.readFile(path)
		done <- answer{data, err}
	}()
	timer := time.NewTimer(r.timeout())
	defer timer.Stop()
	select {
	case a := <-done:
		if a.err != nil {
			return String{}, fileFault(a.err, path)
		}
		return cutNewline(a.data), nil
	case <-ctx.Done():
		return String{}, ctx.Err()
	case <-timer.C:
		return String{}, refused("reading it took longer than %s", r.timeout())
	}
}

func fileFault(err error, path string) error {
	e := refused("%w", err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e.Hint("write the secret to %s, readable by you alone (chmod 600)", path)
	case errors.Is(err, fs.ErrPermission):
		return e.Hint("ls -l %s", path)
	}
	return e
}

// Pipes keeps what named pipes gave. A pipe gives its content once, and a secret is asked for more than once in a run:
// by what a stored token is bound to, and by the token request.
type Pipes struct {
	mu   sync.Mutex // held over a read, so that who asks at the same time gets the same content
	read map[string][]byte
}

// readFile reads a file anew each time, and a pipe until it gave something. Without Pipes nothing is kept.
func (p *Pipes) readFile(path string) ([]byte, error) {
	if info, err := os.Stat(path); p == nil || err == nil && info.Mode()&fs.ModeNamedPipe == 0 {
		return readFile(path)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if data, ok := p.read[path]; ok {
		return data, nil
	}
	data, err := readFile(path)
	if err == nil && len(data) > 0 {
		if p.read == nil {
			p.read = map[string][]byte{}
		}
		p.read[path] = data
	}
	return data, err
}

func readFile(path string) ([]byte, error) {
	// Asked before opening: opening a device may have effects of its own.
	if info, err := os.Stat(path); err != nil {
		return nil, withoutPath(err)
	} else if err := readable(info.Mode()); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if err := readable(info.Mode()); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	return data, nil
}

func readable(mode fs.FileMode) error {
	switch {
	case mode.IsRegular() || mode&fs.ModeNamedPipe != 0:
		return nil
	case mode.IsDir():
		return errors.New("it is a folder")
	}
	return errors.New("it is neither a file nor a pipe")
}

// withoutPath leaves the cause alone: the path stands in the reference already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
