package keyring

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/authctl/authctl/internal/tokenstore"
)

// Names of the Secret Service API, version 0.2.
const (
	secretsName       = "org.freedesktop.secrets"
	secretsPath       = dbus.ObjectPath("/org/freedesktop/secrets")
	loginCollection   = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	defaultCollection = dbus.ObjectPath("/org/freedesktop/secrets/aliases/default")
	serviceInterface  = "org.freedesktop.Secret.Service."
	itemInterface     = "org.freedesktop.Secret.Item."
	collectionName    = "org.freedesktop.Secret.Collection"
	propertiesGet     = "org.freedesktop.DBus.Properties.Get"
)

// service reads from a Secret Service without ever making it prompt. go-keyring takes twice the round trips, asks for
// an unlock of its own accord, and cannot tell a locked collection from an absent one.
type service struct {
	conn    *dbus.Conn
	opening *dbus.Call // OpenSession: no value is given without a session, which ends with the connection
}

// openService makes a connection known to the service. It does not wait for the session: the first question travels
// with it.
func openService(ctx context.Context, conn *dbus.Conn) (*service, error) {
	if err := greet(ctx, conn); err != nil {
		return nil, err
	}
	s := &service{conn: conn}
	s.opening = s.ask(ctx, secretsPath, serviceInterface+"OpenSession", "plain", dbus.MakeVariant(""))
	return s, nil
}

// session waits for the session. Its answer stays in the channel for whoever comes next. Without one the connection
// is of no use, and the next call opens another.
func (s *service) session(ctx context.Context) (dbus.ObjectPath, error) {
	call := <-s.opening.Done
	s.opening.Done <- call
	var ignored dbus.Variant
	var path dbus.ObjectPath
	if err := call.Store(&ignored, &path); err != nil {
		_ = s.conn.Close()
		return "", busError(ctx, err)
	}
	return path, nil
}

// greet is the first message of a connection to the service. gnome-keyring files a new client in one thread while it
// strikes out those that left in another. Where a client's entry is lost so, it aborts at the next question and comes
// back locked, unless a second message repaired the entry: a ping does no harm, and whatever follows it is the second.
func greet(ctx context.Context, conn *dbus.Conn) error {
	err := conn.Object(secretsName, secretsPath).CallWithContext(ctx, "org.freedesktop.DBus.Peer.Ping", 0).Err
	if e, ok := errors.AsType[dbus.Error](err); err == nil || ok && isUnknown(e.Name) {
		return nil
	}
	return busError(ctx, err)
}

func (s *service) ask(ctx context.Context, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return s.conn.Object(secretsName, path).GoWithContext(ctx, method, 0, make(chan *dbus.Call, 1), args...)
}

func wait(call *dbus.Call, into ...any) error { return (<-call.Done).Store(into...) }

// lookup reads an item's value.
func (s *service) lookup(ctx context.Context, account string) (string, error) {
	var open, shut []dbus.ObjectPath
	attributes := map[string]string{"service": Service, "username": account}
	if err := wait(s.ask(ctx, secretsPath, serviceInterface+"SearchItems", attributes), &open, &shut); err != nil {
		return "", busError(ctx, err)
	}
	item, locked := choose(open, shut)
	switch {
	case locked:
		return "", tokenstore.ErrLocked
	case item == "":
		// A service may hide what a locked collection holds: absent means absent from an open one.
		if err := writable(ctx, s.conn); err != nil {
			return "", err
		}
		return "", tokenstore.ErrNotFound
	}
	session, err := s.session(ctx)
	if err != nil {
		return "", err
	}
	var secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	if err := wait(s.ask(ctx, item, itemInterface+"GetSecret", session), &secret); err != nil {
		return "", busError(ctx, err)
	}
	return string(secret.Value), nil
}

// choose takes the item that go-keyring would: the one in the login collection. Another tool may have written it
// elsewhere.
func choose(open, shut []dbus.ObjectPath) (item dbus.ObjectPath, locked bool) {
	inLogin := func(p dbus.ObjectPath) bool { return strings.HasPrefix(string(p), string(loginCollection)+"/") }
	for _, p := range open {
		if inLogin(p) {
			return p, false
		}
	}
	for _, p := range shut {
		if inLogin(p) {
			return p, true
		}
	}
	switch {
	case len(open) > 0:
		return open[0], false
	case len(shut) > 0:
		return shut[0], true
	}
	return "", false
}

// writable is nil where the collection that items are written to is open: the login collection, or the default one
// where there is no such. Without either the keyring waits for somebody to set it up, which is no better than locked.
func writable(ctx context.Context, conn *dbus.Conn) error {
	var err error
	for _, collection := range []dbus.ObjectPath{loginCollection, defaultCollection} {
		var property dbus.Variant
		err = conn.Object(secretsName, collection).CallWithContext(ctx, propertiesGet, 0, collectionName, "Locked").Store(&property)
		if err != nil {
			continue
		}
		if locked, ok := property.Value().(bool); ok && !locked {
			return nil
		}
		return tokenstore.ErrLocked
	}
	if e, ok := errors.AsType[dbus.Error](err); ok && isUnknown(e.Name) {
		return fmt.Errorf("%w: it has no default collection yet", tokenstore.ErrLocked)
	}
	return busError(ctx, err)
}

// isUnknown reports whether an error's name says that an object, a property or a method does not exist.
func isUnknown(name string) bool {
	return strings.HasPrefix(name, "org.freedesktop.DBus.Error.Unknown") || name == "org.freedesktop.Secret.Error.NoSuchObject"
}
