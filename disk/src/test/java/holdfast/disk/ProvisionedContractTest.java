package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.BlockDeviceContract;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;

/// A provisioned disk is a disk as any other.
class ProvisionedContractTest extends BlockDeviceContract {
    @Override
    protected BlockDevice open() throws Exception {
        ProvisionedSample sample = ProvisionedSample.over(new MemoryDevice(new ByteSize(SIZE)));
        return sample.open(sample.shared());
    }
}
