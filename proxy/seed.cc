// Seed of the folder.
namespace sealwire::proxy {}
