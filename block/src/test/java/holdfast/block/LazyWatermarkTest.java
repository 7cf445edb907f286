package holdfast.block;

/// The contract of a device, for a lazy disk whose writes zero only what lies before them.
class LazyWatermarkTest extends BlockDeviceContract {
    @Override
    protected BlockDevice open() throws DiskException {
        return LazySample.of((int) SIZE, 64 << 10, LazyLayer.Filling.BEFORE).open();
    }
}
