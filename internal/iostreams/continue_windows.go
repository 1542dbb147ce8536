package iostreams

// onContinue has nothing to wait for: no console of Windows stops a program.
func onContinue(func()) (stop func()) { return func() {} }
