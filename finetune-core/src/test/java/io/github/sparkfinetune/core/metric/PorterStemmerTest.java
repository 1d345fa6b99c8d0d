package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PorterStemmerTest {
    /** Words with their stems in NLTK 3: the words of the rules, and random words of WordNet with endings appended. */
    private static final String STEMS = """
            caresses=caress ponies=poni ties=tie caress=caress cats=cat flies=fli dies=die died=die
            tied=tie cried=cri feed=feed agreed=agre plastered=plaster bled=bled motoring=motor sing=sing
            conflated=conflat troubled=troubl sized=size hopping=hop tanned=tan falling=fall hissing=hiss
            fizzed=fizz failing=fail filing=file happy=happi sky=sky skies=sky enjoy=enjoy enjoyment=enjoy
            spy=spi fly=fli try=tri say=say by=by relational=relat conditional=condit rational=ration
            valency=valenc hesitancy=hesit digitizer=digit conformably=conform radically=radic
            differently=differ vilely=vile analogously=analog vietnamization=vietnam predication=predic
            operator=oper feudalism=feudal decisiveness=decis hopefulness=hope callousness=callous
            formality=formal sensitivity=sensit sensibility=sensibl hopefully=hope archaeology=archaeolog
            geology=geolog theology=theolog apology=apolog triplicate=triplic formative=form
            formalize=formal electricity=electr electrical=electr hopeful=hope goodness=good revival=reviv
            allowance=allow inference=infer airliner=airlin gyroscopic=gyroscop adjustable=adjust
            defensible=defens irritant=irrit replacement=replac adjustment=adjust dependent=depend
            adoption=adopt homologous=homolog communism=commun activate=activ angularity=angular
            effective=effect bowdlerize=bowdler probate=probat rate=rate cease=ceas controlling=control
            roll=roll dying=die lying=lie tying=tie news=news innings=inning inning=inning outing=outing
            cannings=canning howe=howe proceed=proceed exceed=exceed succeed=succeed nationally=nation
            yyyy=yyyi syzygy=syzygi toyed=toy using=use used=use aged=age added=ad ing=ing ed=ed ied=i
            ies=i sses=ss ational=ation 1990s=1990 42nd=42nd mp3s=mp3 ion=ion lion=lion question=question
            religion=religion tensions=tension logi=logi allied=alli equally=equal rationally=ration
            divergencys=diverg citharichthyss=citharichthyss insecticides=insecticid broughams=brougham
            juristics=jurist unendowedes=unendowed transversallyes=transversally
            recommencementes=recommencement paisleyes=paisley elongatees=elongate ictodosaured=ictodosaur
            lardered=larder ziggurated=ziggur bultmanned=bultman despiteed=despite
            geographicallying=geograph maximallying=maxim alcaicing=alcaic tangleing=tangl
            eugenicsing=eugenics bindingies=bindingi galoshies=galoshi oldenburgies=oldenburgi
            mishapies=mishapi bedies=bedi dissimulatoried=dissimulatori caseousied=caseousi
            handmaidenied=handmaideni expansivityied=expansivityi virchowied=virchowi infery=inferi
            paralanguagey=paralanguagey lithomanticy=lithomantici euglenoidy=euglenoidi worriedy=worriedi
            ununhexiumly=ununhexiumli backtalkly=backtalkli bloodcurdlingly=bloodcurdlingli
            hedonisticly=hedonisticli hematocolpometraly=hematocolpometrali rotavirusness=rotavirus
            lxvness=lxvness pinknessness=pinkness istiophoridaeness=istiophorida kirtleness=kirtl
            cheopsful=cheops ominouslyful=ominously frapful=frap departerful=depart hatchwayful=hatchway
            amniotafulness=amniota quadrumviratefulness=quadrumvir transferrablefulness=transferr
            germanenessfulness=germaneness diovanfulness=diovan vireonidaefully=vireonida
            parousfully=parous blackfacefully=blackfac homogenizedfully=homogenized
            breakwaterfully=breakwat nicaraguaational=nicaragua sangapenumational=sangapenum
            bullfinchational=bullfinch carpentariaational=carpentaria metamorphoseational=metamorphos
            graptophyllumtional=graptophyllumt hybridizingtional=hybridizingt menschtional=menschtion
            comptional=comption peakedtional=peakedt eptatretusizer=eptatretus splodgeizer=splodgeiz
            carrotizer=carrot maimedizer=maimed kenningizer=kenning infinitelyization=infinitely
            gluonization=gluoniz palatineization=palatin jennetization=jennet
            geothermallyization=geothermally unredeemedator=unredeemed berliozator=berlioz
            tomatoator=tomato nomenclatureator=nomenclatur luandaator=luandaat
            deviationismalism=deviationism aliteratealism=aliterat territorializealism=territorializ
            pushfulalism=pushful xyphophorusalism=xyphophorus cogitativeiveness=cogitativ
            eternityiveness=eternity ardennesiveness=ardennes serotoniniveness=serotonin
            coiffeuseiveness=coiffeus pediculicideousness=pediculicid advertizingousness=advertizing
            prussiaousness=prussiaous esopousness=esop cloyingousness=cloying perkilyality=perkily
            xanthopsiaality=xanthopsia amblyopicality=amblyop presumableality=presumabl
            seraphicalality=seraphical pioletivity=piolet incurabilityivity=incurability judaicivity=judaic
            corespondentivity=corespondent maladroitnessivity=maladroitness oohbility=oohbl
            disobedientbility=disobedientbl corylusbility=corylusbl unheatedbility=unheatedbl
            techniquebility=techniquebl feastinglogy=feastinglog hobbyhorselogy=hobbyhorselog
            pelagianismlogy=pelagianismlog algarrobalogy=algarrobalog dawnlogy=dawnlog
            overalllogical=overalllog flatmatelogical=flatmatelog perspirationlogical=perspirationlog
            norethandrolonelogical=norethandrolonelog tugriklogical=tugriklog obituaryalize=obituary
            popularizationalize=popularization hurokalize=hurok piaffealize=piaffeal
            evaporatedalize=evaporated nefudicate=nefud mbunduicate=mbunduic straightnessicate=straightness
            tchotchkelehicate=tchotchkeleh vanishicate=vanish scarabaeusative=scarabaeus
            misadventureative=misadventur poutative=pout stroppyative=stroppy cornstalkative=cornstalk
            tartnessicity=tartness chatroomicity=chatroom kameticity=kamet inferenceicity=inferenc
            whelmicity=whelmic robustical=robust youngnessical=youngness thujopsisical=thujopsis
            toastingical=toasting handlockical=handlock unconditionedement=unconditioned
            rootletement=rootlet calderaement=caldera eclecticement=eclectic monitriceement=monitric
            selaginellalesment=selaginellales indicatoryment=indicatory neutralizationment=neutralization
            scourgement=scourgement unplugment=unplug potomacion=potomacion bortschion=bortschion
            lyricalion=lyricalion jovialityion=jovialityion forepersonion=forepersonion
            honeymoonerable=honeymooner caressingable=caressing forrardable=forrard
            hectometerable=hectometer headfirstable=headfirst preyible=preyibl unseenible=unseen
            regainible=regain spirallyible=spirally repositingible=repositing literallyance=literally
            nonmechanisticance=nonmechanistic pinnaance=pinnaanc cardiopathyance=cardiopathy
            disseverance=dissever hajence=hajenc imprudentlyence=imprudently tediouslyence=tediously
            aquilineence=aquilin undersexedence=undersexed gnosticer=gnostic perspireer=perspir
            shinglyer=shinglyer maitreyaer=maitreya caryatider=caryatid hubbubism=hubbub
            anointerism=anointer cockatielism=cockatiel heveaism=heveaism mussetism=musset
            utriculusive=utriculus nogive=nogiv reverendive=reverend conflagrationive=conflagration
            cancellationive=cancellation hirohitoize=hirohito eerilyize=eerily culicidaeize=culicida
            waxingize=waxing timimounize=timimoun jerkingous=jerking saekous=saekou
            diagnosableous=diagnosabl cordgrassous=cordgrass aggradeous=aggrad kansueed=kansue
            unfadingeed=unfadinge christeed=christe reelereed=reelere stagecrafteed=stagecrafte
            angiomall=angiomal thieveryll=thieveryl kaunasll=kaunasl rogersll=rogersl
            subservientll=subservientl operate=oper bacillaceae=bacillacea menhaden=menhaden
            axiomatic=axiomat directorate=director compliancy=complianc immunogenicity=immunogen
            tremendous=tremend babka=babka proterozoic=proterozo vibration=vibrat ignitor=ignitor
            unreel=unreel refutable=refut detransitivise=detransitivis insipidly=insipidli
            spokesperson=spokesperson shaktist=shaktist adjudicatory=adjudicatori yoruba=yoruba
            ascospore=ascospor catchy=catchi dennstaedtiaceae=dennstaedtiacea somesthesia=somesthesia
            dreamland=dreamland retsina=retsina caryophyllaceous=caryophyllac epizoic=epizo utu=utu
            polypropene=polypropen islam=islam overlarge=overlarg uncleared=unclear nitrogenize=nitrogen
            pom=pom boutonniere=boutonnier uprooter=uproot hazelnut=hazelnut oddness=odd nowhere=nowher
            """;

    @Test
    void equalsTheStemsOfNltk() {
        TreeMap<String, String> wrong = new TreeMap<>();
        String[] pairs = STEMS.strip().split("\\s+", -1);
        assertThat(pairs).hasSizeGreaterThan(300);
        Arrays.stream(pairs).map(pair -> pair.split("=", -1)).forEach(pair -> {
            String stem = PorterStemmer.stem(pair[0]);
            if (!stem.equals(pair[1])) {
                wrong.put(pair[0], stem + " instead of " + pair[1]);
            }
        });
        assertThat(wrong).isEmpty();
    }
}
