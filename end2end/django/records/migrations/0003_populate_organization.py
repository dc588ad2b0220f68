from django.db import migrations


def populate(apps, schema_editor):
    organizations = apps.get_model("organizations", "Organization").objects
    main, _ = organizations.get_or_create(
        code="MAIN",
        defaults={"name": "Main office", "org_type": "moa", "is_active": True, "metadata": {"founded": 1998}},
    )
    for name in ("Place", "Visit"):
        apps.get_model("records", name).objects.filter(organization=None).update(organization=main)


class Migration(migrations.Migration):
    dependencies = [("records", "0002_add_organization_nullable")]
    operations = [migrations.RunPython(populate, migrations.RunPython.noop)]
