package relay

import "net"

// isQuiet cannot be told here without waiting, so that each request has a connection of its own.
func isQuiet(net.Conn) bool { return false }
