// Seed of the folder.
namespace sealwire::signer {}
