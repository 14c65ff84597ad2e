// Seed of the folder.
namespace sealwire::keycache {}
