// Package socketio carries sessions over Socket.IO (version 5 of its
// protocol): what happens on one connection of Engine.IO, which brings whole
// messages and takes them.
//
// A connection has clients in namespaces, each of an application: [Chat] is
// one, with a session for each client.
//
// What holds here:
//
//   - Idle, a connection has no goroutine and no buffer, and its clients have
//     none.
//   - Packets take effect in their order, and are answered in the order in
//     which their namespace is done with them.
//   - Nothing is read while a session is not Ready.
//   - A message that is shared by many clients is encoded once
//     (chat.Delivery.Keep).
//   - What is no packet closes the connection, after its sender was told why;
//     what is wrong in a packet is an error, and the connection lives on.
//   - A client ends, and its application is told so, exactly once.
package socketio
